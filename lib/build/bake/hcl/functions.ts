import type { HclFunction } from './call.ts'
import { define } from './define.ts'
import { collectionFunctions } from './functions-collections.ts'
import { encodingFunctions } from './functions-encoding.ts'
import { networkFunctions } from './functions-network.ts'
import { numberFunctions } from './functions-numbers.ts'
import { textFunctions } from './functions-text.ts'
import { timeFunctions } from './functions-time.ts'

const functions = new Map<string, HclFunction>(
  Object.entries({
    ...collectionFunctions,
    ...encodingFunctions,
    ...networkFunctions,
    ...numberFunctions,
    ...textFunctions,
    ...timeFunctions,
    homedir: define('', () => process.env.HOME ?? '/'),
  }),
)

/** A function that definitions have without defining it. */
export const standardFunction = (name: string): HclFunction | undefined => functions.get(name)
