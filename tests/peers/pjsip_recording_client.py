"""PJSIP as a recording client: ``recording_client.py HOST:PORT``, until its input ends.

Two streams, a tone in each: 440 Hz in the first, whose label is 1, and 1000 Hz in the second. Its metadata stands
before the session description. It runs in an environment of its own.
"""

from __future__ import annotations

import os
import sys

import pjsua2

HOST = "127.0.0.1"
PITCHES = (440, 1_000)
METADATA = """<?xml version="1.0" encoding="UTF-8"?>
<recording xmlns="urn:ietf:params:xml:ns:recording:1"><datamode>complete</datamode><session session_id="s"/>
<participant participant_id="p2"><nameID aor="sip:7001@desk.example.net"><name>Bo Agent</name></nameID></participant>
<participant participant_id="p1"><nameID aor="sip:+15550101@phones.example.net"><name>Ada</name></nameID></participant>
<stream stream_id="t1"><label>1</label></stream><stream stream_id="t2"><label>2</label></stream>
<participantstreamassoc participant_id="p1"><send>t1</send></participantstreamassoc>
<participantstreamassoc participant_id="p2"><send>t2</send></participantstreamassoc></recording>"""


class Call(pjsua2.Call):
    def onCallSdpCreated(self, told):  # type: ignore[no-untyped-def]
        lines, number = [], 0
        for line in told.sdp.wholeSdp.splitlines():
            number += line.startswith("m=audio")
            lines += ["a=sendonly", f"a=label:{number}"] if line == "a=sendrecv" else [line]
        told.sdp.wholeSdp = "\r\n".join(lines) + "\r\n"

    def onCallState(self, _told):  # type: ignore[no-untyped-def]
        info = self.getInfo()
        print(info.stateText, info.lastStatusCode, flush=True)

    def onCallMediaState(self, _told):  # type: ignore[no-untyped-def]
        for number, tone in enumerate(tones):
            tone.startTransmit(self.getAudioMedia(number))


def header(name: str, value: str) -> pjsua2.SipHeaderVector:
    one, headers = pjsua2.SipHeader(), pjsua2.SipHeaderVector()
    one.hName, one.hValue = name, value
    headers.append(one)
    return headers


def tone(hertz: int) -> pjsua2.ToneGenerator:
    generator, one, several = pjsua2.ToneGenerator(), pjsua2.ToneDesc(), pjsua2.ToneDescVector()
    generator.createToneGenerator(8_000, 1)
    one.freq1, one.on_msec, one.off_msec = hertz, 1_000, 0
    several.append(one)
    generator.play(several, True)
    return generator


def media_type(kind: str, subtype: str) -> pjsua2.SipMediaType:
    made = pjsua2.SipMediaType()
    made.type, made.subType = kind, subtype
    return made


endpoint = pjsua2.Endpoint()
endpoint.libCreate()
settings = pjsua2.EpConfig()
settings.logConfig.level = settings.logConfig.consoleLevel = 1
settings.medConfig.noVad = True
endpoint.libInit(settings)
transport = pjsua2.TransportConfig()
transport.boundAddress = transport.publicAddress = HOST
endpoint.transportCreate(pjsua2.PJSIP_TRANSPORT_UDP, transport)
endpoint.libStart()
endpoint.audDevManager().setNullDev()
for codec in endpoint.codecEnum2():  # with all of them the description is too long for its callback
    endpoint.codecSetPriority(codec.codecId, 200 if codec.codecId.startswith(("PCMU", "PCMA")) else 0)
account_settings = pjsua2.AccountConfig()
account_settings.idUri = f"sip:src@{HOST}"
account_settings.sipConfig.contactParams = ";+sip.src"
media = account_settings.mediaConfig.transportConfig
media.boundAddress = media.publicAddress = HOST
account = pjsua2.Account()
account.create(account_settings)
tones = [tone(hertz) for hertz in PITCHES]

part, parts = pjsua2.SipMultipartPart(), pjsua2.SipMultipartPartVector()
part.contentType, part.body = media_type("application", "rs-metadata+xml"), METADATA
part.headers = header("Content-Disposition", "recording-session")
parts.append(part)
options = pjsua2.CallOpParam(True)
options.opt.audioCount, options.opt.videoCount = 2, 0
options.txOption.headers = header("Require", "siprec")
options.txOption.multipartParts = parts
options.txOption.multipartContentType = media_type("multipart", "mixed")
call = Call(account)
call.makeCall(f"sip:desk@{sys.argv[1]}", options)
sys.stdin.read()
call.hangup(pjsua2.CallOpParam())
endpoint.libHandleEvents(500)
os._exit(0)  # PJSIP's wrapper fails at its own end
