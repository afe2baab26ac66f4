import { memoryStore } from '../../lib/stores/index.ts'
import { sessionContract } from './session.contract.ts'
import { AsyncStore } from './world.ts'

sessionContract('memoryStore', () => memoryStore())
sessionContract('a memory store that answers with promises', () => new AsyncStore())
