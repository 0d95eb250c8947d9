import type { RedisCommands, RedisNode } from './redis-commands.ts'
import { text } from './reply.ts'

/**
 * Every node that a read may be answered by, by its id: who holds slots, and to whom slots are being moved, by the word of all
 * primaries that the client knows. A client gets to no other: it goes by its own list and by what these redirect it to.
 */
export async function answeringNodes(commands: RedisCommands): Promise<Map<string, RedisNode>> {
  const primaries = (await commands.primaries?.()) ?? []
  const views = await Promise.all(
    primaries.map(async (primary) => text(await primary.send(undefined, ['CLUSTER', 'NODES']))),
  )
  return new Map(views.flatMap((view) => [...parseView(view)]))
}

interface NodeLine {
  node: RedisNode
  holdsSlots: boolean
  /** Nodes that slots of this one are being moved to; a node tells of itself alone. */
  movesTo: string[]
}

/** Format: https://redis.io/docs/latest/commands/cluster-nodes */
function parseView(view: string): Map<string, RedisNode> {
  const lines = new Map(view.split('\n').filter(Boolean).map(parseLine))
  const targets = [...lines.values()].flatMap(({ movesTo }) => movesTo)
  const answering = [...lines].filter(([id, { holdsSlots }]) => holdsSlots || targets.includes(id))
  return new Map(answering.map(([id, { node }]) => [id, node]))
}

function parseLine(line: string): [id: string, NodeLine] {
  const [id = '', address = '', flags = '', , , , , , ...slots] = line.split(' ')
  // `ip:port@busport,hostname,…`, where an IPv6 address has colons of its own.
  const [, host = '', port, hostname] = /^(.*):(\d+)@\d+(?:,([^,=]*))?/.exec(address) ?? []
  const node = { host, port: Number(port), ...(hostname && hostname !== '?' && { hostname }) }
  const holdsSlots = flags.split(',').includes('master') && slots.some((range) => !range.startsWith('['))
  const movesTo = slots.flatMap((range) => /->-(\w+)\]$/.exec(range)?.[1] ?? [])
  return [id, { node, holdsSlots, movesTo }]
}
