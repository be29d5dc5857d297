"""What crosses the contract between the core and a provider.

`text`, `address`, `detection` and `disclosure` are standard-library dataclasses, so that
detecting offline needs no pydantic. `steps`, `credential` and `report` are pydantic models,
because they cross process and JSON borders. `context` is what the core lends to a hook.
"""
