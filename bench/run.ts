import { cpu } from './cpu'
import { printMachine } from './machine'
import { underLoad } from './stop/table'

/** The two numbers that matter most: what a request costs, and how many are lost. */
async function run(): Promise<void> {
  printMachine()
  await cpu()
  await underLoad('64 keep-alive clients without a pause', ['ebb', 'bare', 'http-terminator'], 10, { clients: 64 })
}

void run()
