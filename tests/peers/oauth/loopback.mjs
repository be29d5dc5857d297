// node --import ./loopback.mjs SERVER: for a server that knows neither how to bind one address only
// nor how to say on which port it is. Each listener goes to 127.0.0.1 and a port that is free, and
// says so as a line of JSON; the process ends with its standard input, which its parent holds.
import net from 'node:net';

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function onLoopback(...args) {
  const done = args.findLast((each) => typeof each === 'function');
  this.once('listening', () => console.log(JSON.stringify({ port: this.address().port })));
  return listen.call(this, { port: 0, host: '127.0.0.1' }, ...(done ? [done] : []));
};
process.stdin.on('end', () => process.exit(0)).on('error', () => process.exit(0)).resume();
