// A TCP load balancer: gives connections to the targets in turn.
//   node spread.mjs PORT TARGET_PORT...
// When it is ended it says how many each of them got; with a target that got none it fails.
import net from 'node:net'

const [port, ...targets] = process.argv.slice(2).map(Number)
const given = targets.map(() => 0)
let next = 0

net
  .createServer({ allowHalfOpen: true, noDelay: true }, client => {
    const target = next++ % targets.length
    given[target]++
    const server = net.connect({ port: targets[target], allowHalfOpen: true, noDelay: true })
    for (const [from, to] of [[client, server], [server, client]]) {
      from.pipe(to)
      from.on('error', () => to.destroy())
      from.on('close', () => from.readableEnded || to.destroy())
    }
  })
  .listen(port, '127.0.0.1')

process.on('SIGTERM', () => {
  console.log(targets.map((target, i) => `${given[i]} connections to ${target}`).join(', '))
  process.exit(given.every(count => count > 0) ? 0 : 1)
})
