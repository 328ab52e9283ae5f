// A bot as its author would write it with the Bot Framework SDK for JavaScript: dialogs, and the conventions of
// Microsoft's Telephony channel; over HTTP and over the streaming websocket. Usage: node bot.js PORT
// With LOGIN, it authenticates against the identity service there (METADATA, MicrosoftAppId, MicrosoftAppPassword).
const express = require('express');
const {
  ActivityHandler, CloudAdapter, ConfigurationBotFrameworkAuthentication, ConversationState, EventFactory, InputHints,
  MemoryStorage, MessageFactory, TurnContext,
} = require('botbuilder');
const { MsalServiceClientCredentialsFactory } = require('botframework-connector');
const { ConfidentialClientApplication } = require('@azure/msal-node');
const {
  ChoicePrompt, ComponentDialog, ConfirmPrompt, DialogSet, DialogTurnStatus, NumberPrompt, TextPrompt, WaterfallDialog,
} = require('botbuilder-dialogs');

const appId = process.env.MicrosoftAppId || '';

function authentication() {
  if (!process.env.LOGIN) return new ConfigurationBotFrameworkAuthentication({});
  const authority = `${process.env.LOGIN}/botframework.com`;
  const credentials = new MsalServiceClientCredentialsFactory(appId, new ConfidentialClientApplication({
    auth: {
      authority, clientId: appId, clientSecret: process.env.MicrosoftAppPassword,
      knownAuthorities: [new URL(authority).host],
    },
  }));
  return new ConfigurationBotFrameworkAuthentication({
    MicrosoftAppId: appId,
    ToChannelFromBotLoginUrl: authority,
    ToChannelFromBotOAuthScope: 'https://api.botframework.com',
    ToBotFromChannelTokenIssuer: 'https://api.botframework.com',
    ToBotFromChannelOpenIdMetadataUrl: `${process.env.METADATA}/v1/.well-known/openidconfiguration`,
    ToBotFromEmulatorOpenIdMetadataUrl: `${process.env.METADATA}/botframework.com/v2.0/.well-known/openid-configuration`,
    OAuthUrl: process.env.LOGIN,
  }, credentials);
}

const auth = authentication();
const adapter = new CloudAdapter(auth);
const onTurnError = async (context, error) => {
  console.error('turn failed:', error.message);
  await context.sendActivity('The bot has a problem.').catch((again) => console.error('and cannot say so:', again.message));
};
adapter.onTurnError = onTurnError;

class Order extends ComponentDialog {
  constructor() {
    super('order');
    this.addDialog(new TextPrompt('name'));
    this.addDialog(new NumberPrompt('quantity', async (p) => p.recognized.succeeded && p.recognized.value < 100));
    this.addDialog(new ChoicePrompt('size'));
    this.addDialog(new ConfirmPrompt('sure'));
    this.addDialog(new WaterfallDialog('steps', [
      (step) => step.prompt('name', {
        prompt: MessageFactory.text('What is your name?', '<speak>What is your name?</speak>', InputHints.ExpectingInput),
      }),
      (step) => { step.values.name = step.result; return step.prompt('quantity', { prompt: 'How many?' }); },
      (step) => {
        step.values.quantity = step.result;
        return step.prompt('size', { prompt: 'Which size?', choices: ['small', 'large'] });
      },
      (step) => {
        const order = `${step.values.quantity} ${step.result.value} for ${step.values.name}`;
        return step.prompt('sure', `${order}, right?`);
      },
      async (step) => {
        await step.context.sendActivity(step.result ? 'Ordered.' : 'Cancelled.');
        return step.endDialog();
      },
    ]));
    this.initialDialogId = 'steps';
  }
}

const state = new ConversationState(new MemoryStorage());
const dialogs = new DialogSet(state.createProperty('dialogs'));
dialogs.add(new Order());

const sayings = {
  agent: (context) => context.sendActivity(EventFactory.createHandoffInitiation(
    context, { TargetPhoneNumber: '+14251231234' }, { activities: [] })),
  bye: (context) => context.sendActivity({ type: 'endOfConversation', code: 'completedSuccessfully' }),
  fail: () => { throw new Error('as asked'); },
  'call me back': async (context) => {
    const reference = TurnContext.getConversationReference(context.activity);
    setTimeout(() => adapter.continueConversationAsync(appId, reference, (later) => later.sendActivity('Your taxi is here.'))
      .catch((error) => console.error('proactive:', error.message)), 200);
    await context.sendActivity('I will.');
  },
  slowly: async (context) => {
    await context.sendActivity({ type: 'typing' });
    await context.sendActivity('One moment.');
    await new Promise((resolve) => setTimeout(resolve, 300));
    await context.sendActivity('Done.');
  },
  members: async (context) => {
    const client = context.turnState.get(context.adapter.ConnectorClientKey);
    const members = await client.conversations.getConversationMembers(context.activity.conversation.id);
    await context.sendActivity(`On the line: ${members.map((member) => member.id).join(', ')}`);
  },
};

class Bot extends ActivityHandler {
  constructor() {
    super();
    this.onMembersAdded(async (context, next) => {
      for (const member of context.activity.membersAdded) {
        if (member.id !== context.activity.recipient.id) await context.sendActivity('Welcome.');
      }
      await next();
    });
    this.onMessage(async (context, next) => {
      const text = context.activity.text;
      if ((context.activity.entities || []).some((entity) => entity.type === 'DTMF')) {
        await context.sendActivity(`You pressed ${text}.`);
      } else if (sayings[text]) {
        await sayings[text](context);
      } else {
        const dialog = await dialogs.createContext(context);
        const result = await dialog.continueDialog();
        if (result.status === DialogTurnStatus.empty) await dialog.beginDialog('order');
      }
      await next();
    });
  }

  async run(context) {
    await super.run(context);
    await state.saveChanges(context);
  }
}

const bot = new Bot();
const app = express();
app.use(express.json());
app.post('/api/messages', (request, response) => adapter.process(request, response, (context) => bot.run(context)));
const server = app.listen(Number(process.argv[2]), '127.0.0.1', () => console.log(`listening ${server.address().port}`));
server.on('upgrade', async (request, socket, head) => {
  const streaming = new CloudAdapter(auth);
  streaming.onTurnError = onTurnError;
  await streaming.process(request, socket, head, (context) => bot.run(context)).catch((error) => {
    console.error('upgrade refused:', error.message);
    socket.destroy();
  });
});
