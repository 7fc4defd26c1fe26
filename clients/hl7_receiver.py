"""An MLLP receiver made with python-hl7: prints its port, then one line for each message that it acknowledges."""
import asyncio

from hl7.mllp import start_hl7_server


async def receive(reader, writer):
    while not writer.is_closing():
        try:
            message = await reader.readmessage()
        except asyncio.IncompleteReadError:
            break
        kind = str(message.segment("MSH")[9])
        pid = message.segment("PID")
        print("^".join(kind.split("^")[:2]), pid[3][0][0], pid[5][0][0], flush=True)
        writer.writemessage(message.create_ack("AA"))
        await writer.drain()


async def main():
    server = await start_hl7_server(receive, host="127.0.0.1", port=0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
