"""inboxlink connects a person's mailbox to an application.

Importing this package loads pluggy and nothing heavier; a test holds that. What a
provider needs beyond the two markers stands in `inboxlink.types`, `inboxlink.errors`
and `inboxlink.hookspecs`.
"""

import pluggy

__all__ = ["__version__", "hookimpl", "hookspec"]

__version__ = "0.1.0"

hookspec = pluggy.HookspecMarker("inboxlink")
hookimpl = pluggy.HookimplMarker("inboxlink")
