"""A TLS relay that lets in what rustls refuses: TLS 1.0 and 1.1.

``python -m verify.reference.relay PORT TARGET CHAIN KEY`` ends TLS on 127.0.0.1:PORT and
passes the bytes on, encrypted anew, to 127.0.0.1:TARGET from the client's own address.
"""

import asyncio
import contextlib
import ssl
import sys
import warnings

_BLOCK = 65536
_CONNECT = 5.0


def context(chain: str, key: str) -> ssl.SSLContext:
    """Return a server context that accepts anything from TLS 1.0 on."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # old protocols are the point
        made.minimum_version = ssl.TLSVersion.TLSv1
    made.set_ciphers("ALL:@SECLEVEL=0")
    made.load_cert_chain(chain, key)
    return made


def _inward() -> ssl.SSLContext:
    made = ssl.create_default_context()
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE  # our own front, on loopback, under whatever certificate
    return made


async def _pass(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, ssl.SSLError):
        while data := await source.read(_BLOCK):
            target.write(data)
            await target.drain()
    target.close()


async def _serve(port: int, target: int, chain: str, key: str) -> None:
    inward = _inward()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = writer.get_extra_info("peername")[0]
        opening = asyncio.open_connection("127.0.0.1", target, ssl=inward, local_addr=(address, 0))
        try:
            onward, back = await asyncio.wait_for(opening, _CONNECT)
        except (OSError, TimeoutError):
            writer.close()
            return
        await asyncio.gather(_pass(reader, back), _pass(onward, writer))

    server = await asyncio.start_server(
        connected, "127.0.0.1", port, ssl=context(chain, key), reuse_port=True
    )
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]))
