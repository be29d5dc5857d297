import re
from ipaddress import ip_address
import idna
from inboxlink.errors import SetupError, problem
__all__ = ['check_host', 'check_port']

def check_host(host: str) -> str:
    ...

def check_port(port: int) -> int:
    ...
