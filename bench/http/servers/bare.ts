import { createReadStream } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { ready } from '../../child'
import { FILE, TEXT, user } from '../workloads'

// node:http by hand: each workload's own work, and nothing else.
const JSON_TYPE = 'application/json; charset=utf-8'
const workload = process.argv[2]

function json(res: ServerResponse, value: unknown): void {
  const body = JSON.stringify(value)
  res.writeHead(200, { 'Content-Type': JSON_TYPE, 'Content-Length': Buffer.byteLength(body) })
  res.end(body)
}

const handlers: Record<string, (req: IncomingMessage, res: ServerResponse) => void> = {
  W1: (_req, res) => {
    res.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': TEXT.length })
    res.end(TEXT)
  },
  W4: (req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => json(res, JSON.parse(Buffer.concat(chunks).toString())))
  },
  W5: (req, res) => {
    const controller = new AbortController()
    res.on('close', () => {
      if (!res.writableFinished) controller.abort()
    })
    if (!controller.signal.aborted) json(res, user((req.url as string).slice('/users/'.length)))
  },
  W7: (_req, res) => {
    res.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' })
    const file = createReadStream(FILE)
    res.on('close', () => file.destroy())
    file.pipe(res)
  },
}

const server = createServer(handlers[workload as string] ?? ((req, res) => json(res, user((req.url as string).slice('/users/'.length)))))
ready(server)
server.listen(0)
