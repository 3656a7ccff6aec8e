export { gracefulShutdown, type Shutdown, type StopOverrides } from './shutdown'
export { defaults, type Late, type Logger, type ShutdownOptions } from './options'
export { type Check, type Health, type HealthOptions, type State } from './health'
export { type Hook, type HookReport } from './hooks'
export { type Blocker, type InFlightRequest, type ShutdownReport }
 from './report'
export { type Limits, type Plan } from './plan'
export { type ConnectionCounts } from './drain'
export { type Exchange, type Stoppable, type Stop, type Target } from './target'
