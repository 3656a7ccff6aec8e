import { type Channel } from 'node:diagnostics_channel'
import { nextTick } from './clock'

type Listener = (...args: unknown[]) => void

/**
 * Publishes a message. A subscriber that throws fails nothing: Node throws its error again in the tick queue, where it is
 * an uncaught exception (lib/diagnostics_channel.js, v20-26). Between two ticks of ours nobody else hears of those, nor of
 * what else it throws in a tick that it has queued itself.
 * `process.setUncaughtExceptionCaptureCallback` would do the same, but throws in a process that has loaded node:domain.
 */
export function publish<Message extends object>(channel: Channel, message: Message): void {
  if (!channel.hasSubscribers) return
  let listeners: Listener[] = []
  nextTick(() => {
    listeners = process.rawListeners('uncaughtException') as Listener[]
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', ignore)
  })
  channel.publish(message)
  nextTick(() => {
    process.off('uncaughtException', ignore)
    for (const listener of listeners) process.on('uncaughtException', listener)
  })
}

const ignore = (): void => {}
