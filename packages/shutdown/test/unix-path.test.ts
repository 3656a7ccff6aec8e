import { once } from 'node:events'
import { existsSync, lstatSync, mkdtempSync, readdirSync, renameSync, rmSync, unlinkSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { closeListeners, stopListening } from '../src/accept-barrier'
import { Client } from './client'

if (process.platform !== 'win32') {
  describe('the path of a unix socket', () => {
    let folder = ''
    let socket = ''
    const servers: Server[] = []

    beforeEach(() => {
      folder = mkdtempSync(path.join(tmpdir(), 'ebb-'))
      socket = path.join(folder, 'web.sock')
    })
    afterEach(() => {
      Client.closeAll()
      for (const server of servers.splice(0)) server.close()
      rmSync(folder, { recursive: true, force: true })
    })

    async function listen(on: string, name: string): Promise<Server> {
      const server = createServer((client) => client.end(name)).listen(on)
      servers.push(server)
      await once(server, 'listening')
      return server
    }

    async function answerer(): Promise<string> {
      const client = await Client.connect({ path: socket })
      await client.end()
      return client.received
    }

    it('goes with the server that has bound it', async () => {
      await closeListeners([await listen(socket, 'old')])
      expect(readdirSync(folder)).to.deep.equal([])
    })

    it('stays in a hand-over', async () => {
      const { ino } = await listen(socket, 'old').then(() => lstatSync(socket))
      await closeListeners(servers, Infinity, true)
      expect(readdirSync(folder)).to.deep.equal(['web.sock'])
      expect(lstatSync(socket).ino).to.equal(ino)
    })

    it('stays for a successor that has put its own in the place', async () => {
      const old = await listen(socket, 'old')
      await listen(path.join(folder, 'next.sock'), 'new')
      renameSync(path.join(folder, 'next.sock'), socket)
      await closeListeners([old])
      expect(readdirSync(folder)).to.deep.equal(['web.sock'])
      expect(await answerer()).to.equal('new')
    })

    it('stays for a successor that has removed it and bound it anew', async () => {
      const old = await listen(socket, 'old')
      unlinkSync(socket)
      await listen(socket, 'new')
      stopListening([old])
      expect(readdirSync(folder)).to.deep.equal(['web.sock'])
      expect(await answerer()).to.equal('new')
    })

    it('that somebody has removed stays away', async () => {
      const old = await listen(socket, 'old')
      unlinkSync(socket)
      await closeListeners([old], Infinity, true)
      expect(existsSync(socket)).to.equal(false)
      expect(readdirSync(folder)).to.deep.equal([])
    })

    if (process.platform === 'linux') {
      it('is none for an abstract socket', async () => {
        const server = await listen(`\0ebb-${process.pid}-${path.basename(folder)}`, 'abstract')
        await closeListeners([server], Infinity, true)
        expect(server.listening).to.equal(false)
      })
    }
  })
}
