"""The file by which a domain names its mail servers (Thunderbird's autoconfig, version 1.1)."""

from inboxlink.testing.peers.web import Answer, Request

__all__ = ["autoconfig_of"]

_DOCUMENT = """<?xml version="1.0"?>
<clientConfig version="1.1">
 <emailProvider id="{domain}">
  <domain>{domain}</domain>
  <incomingServer type="imap">
   <hostname>imap.{domain}</hostname><port>993</port><socketType>SSL</socketType>
   <username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication>
  </incomingServer>
  <outgoingServer type="smtp">
   <hostname>smtp.{domain}</hostname><port>465</port><socketType>SSL</socketType>
   <username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication>
  </outgoingServer>
 </emailProvider>
</clientConfig>
"""


def autoconfig_of(domain: str, request: Request) -> Answer:
    """What the web server of a domain answers that has the file and nothing else."""
    if request.path != "/mail/config-v1.1.xml":
        return Answer(404)
    return Answer(200, _DOCUMENT.format(domain=domain).encode(), (("Content-Type", "text/xml"),))
