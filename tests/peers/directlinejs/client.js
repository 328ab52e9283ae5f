// Microsoft's own Direct Line client: one JSON line for each thing that happens to it; what it is told comes on stdin.
global.XMLHttpRequest = require('xhr2');
global.WebSocket = require('ws');
const { DirectLine, ConnectionStatus } = require('botframework-directlinejs');
const [domain, secret, user] = process.argv.slice(2);
const tell = (what) => console.log(JSON.stringify(what));
const line = new DirectLine({ secret, domain, webSocket: true });
line.connectionStatus$.subscribe((status) => tell({ status: ConnectionStatus[status] }));
line.activity$.subscribe((activity) => activity.from.id !== user && tell({ activity }));
require('readline').createInterface({ input: process.stdin }).on('line', (text) => {
  line.postActivity({ from: { id: user }, type: 'message', text })
    .subscribe((id) => tell({ posted: text, id }), (error) => tell({ failed: text, error: String(error.message) }));
}).on('close', () => { line.end(); process.exit(0); });
