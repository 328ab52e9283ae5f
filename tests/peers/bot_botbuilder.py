"""A bot of the Bot Framework SDK for Python, as its author would write it. Usage: ``bot_botbuilder.py [METADATA]``

With METADATA, the address of the identity platform, it wants tokens for the app id ``app-1``.
"""

import asyncio
import sys
from types import SimpleNamespace

from aiohttp import web
from botbuilder.core import ActivityHandler, MessageFactory
from botbuilder.integration.aiohttp import CloudAdapter, ConfigurationBotFrameworkAuthentication
from botbuilder.schema import Activity, InputHints

configuration = SimpleNamespace(APP_ID="", APP_PASSWORD="", APP_TYPE="MultiTenant")
if len(sys.argv) > 1:
    platform = sys.argv[1]
    configuration = SimpleNamespace(
        APP_ID="app-1",
        APP_PASSWORD="s3cret",
        APP_TYPE="MultiTenant",
        VALIDATE_AUTHORITY=False,
        TO_CHANNEL_FROM_BOT_LOGIN_URL=f"{platform}/botframework.com",
        TO_CHANNEL_FROM_BOT_OAUTH_SCOPE="https://api.botframework.com",
        TO_BOT_FROM_CHANNEL_TOKEN_ISSUER="https://api.botframework.com",
        OAUTH_URL=platform,
        TO_BOT_FROM_CHANNEL_OPENID_METADATA_URL=f"{platform}/v1/.well-known/openidconfiguration",
        TO_BOT_FROM_EMULATOR_OPENID_METADATA_URL=f"{platform}/botframework.com/v2.0/.well-known/openid-configuration",
    )
adapter = CloudAdapter(ConfigurationBotFrameworkAuthentication(configuration))


class Bot(ActivityHandler):
    async def on_members_added_activity(self, members_added, turn_context):
        await turn_context.send_activity("Welcome.")

    async def on_message_activity(self, turn_context):
        text = turn_context.activity.text
        if text == "bye":
            await turn_context.send_activity(Activity(type="endOfConversation"))
        elif text == "two":
            await turn_context.send_activity("One.")
            await turn_context.send_activity("Two.")
        else:
            said = f"You said {text[:20]}."
            await turn_context.send_activity(
                MessageFactory.text(said, f"<speak>{said}</speak>", InputHints.expecting_input)
            )


async def messages(request):
    if request.method == "GET":
        socket = web.WebSocketResponse()
        await adapter.process(request, Bot(), socket)
        return socket
    return await adapter.process(request, Bot())


async def serve():
    application = web.Application()
    application.router.add_route("*", "/api/messages", messages)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(f"listening {runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


asyncio.run(serve())
