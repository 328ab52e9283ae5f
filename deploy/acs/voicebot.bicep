// A Communication Services resource, and the Event Grid subscription that brings its calls to voicebot (docs/acs.md).
//
// Twice: first without eventsUrl, which makes the resource; buy a number, start the bot, then with eventsUrl, which Event
// Grid calls while the subscription is made.
//
//   az deployment group create --resource-group bot --template-file voicebot.bicep --parameters name=contoso
//   az deployment group create --resource-group bot --template-file voicebot.bicep --parameters name=contoso \
//     numbers='["+4930123456"]' eventsUrl="https://bot.example.com/acs/events/$(cat /run/secrets/acs-events)"

@description('The name of the resource; its endpoint is https://NAME.communication.azure.com, more or less.')
param name string

@description('Where its data is kept.')
param dataLocation string = 'Europe'

@description('The numbers whose calls are the bot\'s. Without this filter, calls that the bot transfers to another number of the resource come back to it.')
param numbers array = []

@secure()
@description('acs.public_url, /acs/events/ and acs.events_key. Empty: no subscription yet.')
param eventsUrl string = ''

resource communication 'Microsoft.Communication/communicationServices@2023-04-01' = {
  name: name
  location: 'global'
  properties: {
    dataLocation: dataLocation
  }
}

resource events 'Microsoft.EventGrid/systemTopics@2022-06-15' = {
  name: '${name}-events'
  location: 'global'
  properties: {
    source: communication.id
    topicType: 'Microsoft.Communication.CommunicationServices'
  }
}

resource calls 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2022-06-15' = if (!empty(eventsUrl)) {
  parent: events
  name: 'voicebot'
  properties: {
    eventDeliverySchema: 'EventGridSchema'
    destination: {
      endpointType: 'WebHook'
      properties: {
        endpointUrl: eventsUrl
        maxEventsPerBatch: 1
      }
    }
    filter: {
      includedEventTypes: [
        'Microsoft.Communication.IncomingCall'
      ]
      advancedFilters: empty(numbers) ? [] : [
        {
          operatorType: 'StringIn'
          key: 'data.to.PhoneNumber.Value'
          values: numbers
        }
      ]
    }
    // a call rings for 30 s: what comes later is worth nothing
    retryPolicy: {
      maxDeliveryAttempts: 2
      eventTimeToLiveInMinutes: 1
    }
  }
}

@description('acs.endpoint')
output endpoint string = 'https://${communication.properties.hostName}'

@description('acs.resource_id')
output resourceId string = communication.properties.immutableResourceId
