import { type Channel } from 'node:diagnostics_channel'
import { nextTick } from './clock'

/** Whether what is thrown in this tick comes from a subscriber. */
let bySubscriber = false
const ignore = (): void => {}

/**
 * Publishes a message. A subscriber that throws fails nothing: Node throws its error again in the tick queue, where it
 * would be an uncaught exception (lib/diagnostics_channel.js, v20-26); between two ticks of ours it is none.
 */
export function publish<Message extends object>(channel: Channel, message: Message): void {
  if (!channel.hasSubscribers) return
  nextTick(() => {
    bySubscriber = true
    process.on('uncaughtException', ignore)
  })
  channel.publish(message)
  nextTick(() => {
    bySubscriber = false
    process.off('uncaughtException', ignore)
  })
}

/** Whether an uncaught exception of this moment is a subscriber's. */
export const isBySubscriber = (): boolean => bySubscriber
