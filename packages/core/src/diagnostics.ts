import { channel } from 'node:diagnostics_channel'

/**
 * The channels of node:diagnostics_channel that core publishes on, and what their messages hold:
 * - `ebb:request:start` `{ ctx }`: a request's head was read, no middleware has run
 * - `ebb:request:end` `{ ctx, complete }`: its response is closed; `complete` is false if its client left before
 * - `ebb:request:error` `{ ctx, error }`: what goes to the app's 'error' listeners
 * - `ebb:request:abort` `{ ctx, reason }`: its signal aborts, or would if it was read
 *
 * Publish only behind `hasSubscribers`: without them a request pays 7 ns a channel, and no message is made.
 */
export const diagnostics = {
  start: channel('ebb:request:start'),
  end: channel('ebb:request:end'),
  error: channel('ebb:request:error'),
  abort: channel('ebb:request:abort'),
} as const
