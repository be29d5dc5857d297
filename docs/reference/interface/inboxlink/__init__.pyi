from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import pluggy
    hookspec: pluggy.HookspecMarker
    hookimpl: pluggy.HookimplMarker
__all__ = ['__version__', 'hookimpl', 'hookspec']
__version__ = '0.1.0'
