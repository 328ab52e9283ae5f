"""The Azure Speech SDK, in this process or in one of its own, behind one small interface (:mod:`drivers`).

The SDK is native code that reads what a service sends, and a malformed frame can end the process that it runs in.
`voicebot serve` therefore keeps it in a process of its own, the speech client. From the ground up:

    endpoint      where the service is, and our credentials there
    drivers       what the SDK does for us, as the event loop sees it: one driver a recogniser or synthesiser
    threads       where the SDK's blocking calls run
    recognition, synthesis   the drivers themselves: the only files that import the SDK
    turn_scorer   whether the caller has finished, by the sound of the voice: no work of the SDK's, but one that the
                  call process must not do either
    in_process    the SDK in this process
    wire          the frames between the call process and the speech client
    server        the speech client's side (``python -m voicebot.speechsdk``)
    remote        the call process's side: the same drivers, in the speech client

Nothing is imported here, so that the call process does not load the SDK, nor the speech client the rest.
"""
