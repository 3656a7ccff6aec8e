import fc from 'fast-check'
import { Service } from '../service'
import { Child } from '../child'
import { brokenInProcess, processSchedules } from './failing'
import { brokenIn, schedules } from './schedule'

/** How many schedules run side by side. */
const BATCH = 20
/** And so many processes. */
const SIDE_BY_SIDE = 3
/** 2,000 and more in a long run: `EBB_SCHEDULES=2000`, and `EBB_SEED` to repeat one. */
const count = Number(process.env['EBB_SCHEDULES'] ?? 60)
const seed = Number(process.env['EBB_SEED'] ?? Date.now() % 2 ** 31)

describe('a stop in the middle of anything', () => {
  afterEach(async () => {
    await Service.stopAll()
    await Child.endAll()
  })

  it(`keeps its promises in ${count} random schedules (EBB_SEED=${seed})`, async () => {
    const property = fc.asyncProperty(fc.array(schedules, { minLength: BATCH, maxLength: BATCH }), async (batch) => {
      const broken = await brokenIn(batch)
      if (broken.length > 0) throw new Error(broken.join('\n'))
    })
    await fc.assert(property, { seed, numRuns: Math.ceil(count / BATCH), endOnFailure: true })
  }).timeout(count * 1_000)

  const processes = Math.ceil(count / BATCH)
  it(`keeps its promises in ${processes} random processes in which things fail (EBB_SEED=${seed})`, async () => {
    const property = fc.asyncProperty(fc.array(processSchedules, { minLength: SIDE_BY_SIDE, maxLength: SIDE_BY_SIDE }), async (batch) => {
      const broken = (await Promise.all(batch.map(brokenInProcess))).flat()
      if (broken.length > 0) throw new Error(broken.join('\n'))
    })
    await fc.assert(property, { seed, numRuns: Math.ceil(processes / SIDE_BY_SIDE), endOnFailure: true })
  }).timeout(60_000 + processes * 10_000)
})
