/**
 * The clock and timers of what must not stand still: a stop, connections that are idle, what a response holds.
 * As they are when this module is loaded, and `now` in ms of a clock that nobody sets: neither a jump of the wall clock
 * nor mocks of timers in somebody's test (node:test, sinon) reach them.
 */
export const now = performance.now.bind(performance)
export const { setTimeout, clearTimeout, setImmediate } = globalThis
export const { nextTick } = process
