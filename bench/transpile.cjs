/* eslint-disable @typescript-eslint/no-require-imports -- node -r takes nothing else */
// Servers under test run from TypeScript without ts-node, whose compiler would sit in the heap that is measured.
const { readFileSync } = require('node:fs')
const { transformSync } = require('@swc/core')

const options = { sourceMaps: false, jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } }
require.extensions['.ts'] = (module, filename) => module._compile(transformSync(readFileSync(filename, 'utf8'), { ...options, filename }).code, filename)
