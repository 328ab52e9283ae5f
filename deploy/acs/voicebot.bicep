// A Communication Services resource, and the Event Grid subscription that brings its calls to voicebot (docs/acs.md).
//
// Twice: first without eventsUrl, which makes the resource; buy a number, start the bot, then with eventsUrl, which Event
// Grid calls while the subscription is made.
//
//   az deployment group create --resource-group bot --template-file voicebot.bicep --parameters name=contoso
//   az deployment group create --resource-group bot --template-file voicebot.bicep --parameters name=contoso \
//     numbers='["+4930123456"]' eventsUrl="https://bot.example.com/acs/events/$(cat /run/secrets/acs-events)"
//
// For mode = "platform", speechName=contoso-speech each time: it makes the Azure AI services by which Azure speaks and
// listens, and gives the resource leave to use them. For recordings by Azure, storageName=contosorecordings likewise.
// Whoever deploys these needs the role Owner or User Access Administrator.

@description('The name of the resource; its endpoint is https://NAME.communication.azure.com, more or less.')
param name string

@description('Where its data is kept.')
param dataLocation string = 'Europe'

@description('The numbers whose calls are the bot\'s. Without this filter, calls that the bot transfers to another number of the resource come back to it.')
param numbers array = []

@secure()
@description('acs.public_url, /acs/events/ and acs.events_key. Empty: no subscription yet.')
param eventsUrl string = ''

@description('The name of the Azure AI services, which is also their subdomain: nobody else in Azure may have it. Empty: none.')
param speechName string = ''

@description('The name of a storage account for recordings by Azure: 3 to 24 letters and digits. Empty: Azure keeps them for a day.')
param storageName string = ''

@description('Where the Azure AI services and the storage account are.')
param location string = resourceGroup().location

var cognitiveServicesUser = 'a97b65f3-24c7-4388-baec-2e87135dc908'
var storageBlobDataContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'

resource communication 'Microsoft.Communication/communicationServices@2023-04-01' = {
  name: name
  location: 'global'
  identity: {
    type: 'SystemAssigned'
  }
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

resource speech 'Microsoft.CognitiveServices/accounts@2023-05-01' = if (!empty(speechName)) {
  name: empty(speechName) ? 'none' : speechName
  location: location
  kind: 'AIServices'
  sku: {
    name: 'S0'
  }
  properties: {
    customSubDomainName: speechName // a managed identity is not taken at the address of a region
    publicNetworkAccess: 'Enabled'
  }
}

resource speaks 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(speechName)) {
  name: guid(communication.id, speechName, cognitiveServicesUser)
  scope: speech
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', cognitiveServicesUser)
    principalId: communication.identity.principalId
    principalType: 'ServicePrincipal'
  }
}

resource storage 'Microsoft.Storage/storageAccounts@2023-05-01' = if (!empty(storageName)) {
  name: empty(storageName) ? 'none' : storageName
  location: location
  kind: 'StorageV2'
  sku: {
    name: 'Standard_LRS'
  }
  properties: {
    allowBlobPublicAccess: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
  }

  resource blobs 'blobServices' = {
    name: 'default'

    resource recordings 'containers' = {
      name: 'recordings'
    }
  }
}

resource records 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(storageName)) {
  name: guid(communication.id, storageName, storageBlobDataContributor)
  scope: storage
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageBlobDataContributor)
    principalId: communication.identity.principalId
    principalType: 'ServicePrincipal'
  }
}

@description('acs.endpoint')
output endpoint string = 'https://${communication.properties.hostName}'

@description('acs.resource_id')
output resourceId string = communication.properties.immutableResourceId

@description('acs.speech_endpoint')
output speechEndpoint string = empty(speechName) ? '' : 'https://${speechName}.cognitiveservices.azure.com'

@description('acs.recording_container')
output recordingContainer string = empty(storageName) ? '' : 'https://${storageName}.blob.${environment().suffixes.storage}/recordings'
