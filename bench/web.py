"""A web server for benchmarks: many names, one certificate, every answer kept back for a while."""

import asyncio
import json
import ssl
import sys

__all__: list[str] = []


async def _serve(config: str) -> None:
    with open(config) as file:  # noqa: PTH123 - before anybody asks
        given = json.load(file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(given["cert"], given["key"])

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            target = head.split()[1].decode().partition("?")[0]
            host = head.lower().partition(b"host: ")[2].split()[0].decode()
            if host in given["tarpits"]:
                await reader.read()
            await asyncio.sleep(given["delay_ms"] / 1000)
            body = given["pages"].get(f"{host}{target}") or given["pages"].get(f"{host}*")
            status = "404 Not Found" if body is None else "200 OK"
            sent = (body or "").encode()
            lines = f"HTTP/1.1 {status}\r\nContent-Length: {len(sent)}\r\nConnection: close\r\n\r\n"
            writer.write(lines.encode() + sent)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, given["addresses"], given["port"], ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
