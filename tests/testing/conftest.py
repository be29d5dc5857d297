"""Where the exemplary provider is installed, and the service that it connects mailboxes of."""

from collections.abc import Iterator

import pytest

from peers.certificates import Authority
from testing.exemplary import PASSWORD, Declarations, forget
from testing.service import ANN, HOST, Service


@pytest.fixture(scope="session")
def service(authority: Authority) -> Iterator[Service]:
    """One service for the whole run."""
    with Service(authority.issue(HOST), {ANN: PASSWORD}) as service:
        yield service


@pytest.fixture(scope="class", autouse=True)
def installed(request: pytest.FixtureRequest) -> Iterator[None]:
    """The provider of a class of its contract, and nothing of another one's."""
    if request.cls is None or not issubclass(request.cls, Declarations):
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(request.cls.place)
        forget()
        yield
        forget()
