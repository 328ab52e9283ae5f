"""An agent of the Microsoft 365 Agents SDK, as its author would write it. Usage: ``python bot.py PORT``."""

import asyncio
import sys

from aiohttp import web
from microsoft_agents.activity import Activity, InputHints
from microsoft_agents.authentication.msal import MsalConnectionManager
from microsoft_agents.hosting.aiohttp import CloudAdapter, StreamingResponse, jwt_authorization_middleware
from microsoft_agents.hosting.core import ActivityHandler, ConversationState, MemoryStorage, MessageFactory
from microsoft_agents.hosting.core.authorization import AgentAuthConfiguration

connections = MsalConnectionManager(CONNECTIONS={"SERVICE_CONNECTION": {"SETTINGS": {"ANONYMOUS_ALLOWED": "True"}}})
adapter = CloudAdapter(connection_manager=connections)
storage = MemoryStorage()


class Agent(ActivityHandler):
    async def on_members_added_activity(self, members_added, context):
        await context.send_activity("Welcome.")

    async def on_message_activity(self, context):
        text = context.activity.text
        if any(entity.type == "DTMF" for entity in context.activity.entities or ()):
            await context.send_activity(f"You pressed {text}.")
        elif text == "stream":
            answer = StreamingResponse(context)
            answer.queue_informative_update("Thinking.")
            balance = "Your balance is twelve euros. It is due on Monday."
            for word in balance.split():
                answer.queue_text_chunk(word + " ")
                await asyncio.sleep(0.02)
            await answer.end_stream()
        elif text == "count":
            state = ConversationState(storage)
            await state.load(context, True)
            count = state.create_property("count")
            number = (await count.get(context, lambda: 0)) + 1
            await count.set(context, number)
            await state.save(context)
            await context.send_activity(f"That is {number}.")
        elif text == "agent":
            value = {"TargetPhoneNumber": "+14251231234"}
            await context.send_activity(Activity(type="event", name="handoff.initiate", value=value))
        elif text == "bye":
            await context.send_activity(Activity(type="endOfConversation"))
        else:
            await context.send_activity(
                MessageFactory.text(f"You said {text}.", f"<speak>You said {text}.</speak>", InputHints.expecting_input)
            )


agent = Agent()


async def messages(request):
    return await adapter.process(request, agent)


async def serve():
    application = web.Application(middlewares=[jwt_authorization_middleware])
    application["agent_configuration"] = AgentAuthConfiguration(anonymous_allowed=True)
    application.router.add_post("/api/messages", messages)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(sys.argv[1])).start()
    sys.stdout.write(f"listening {runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


asyncio.run(serve())
