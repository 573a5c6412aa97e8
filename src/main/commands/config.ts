import { toJsonSchema } from '../../model/json-schema.ts'
import type { LoadedConfig } from '../config/load.ts'
import { SETTINGS, toFlag, toVariable } from '../config/settings.ts'
import type { Command } from '../terminal/command.ts'
import { toTable } from '../terminal/table.ts'

export const configCommand: Command = {
  name: 'config',
  about: 'shows the settings in force',
  positionals: [],
  flags: {
    sources: { value: null, about: 'also where each value came from' },
    json: { value: null, about: 'as JSON' },
    schemas: { value: null, about: 'the JSON Schema of every event type instead' },
  },
  settings: [],
  examples: ['weir config', 'weir config --sources', 'WEIR_PORT=9000 weir config --sources --json'],
  run: async ({ config, terminal, isSet }) => {
    if (isSet('schemas')) {
      const schemas = config.catalog.events.map(event => [event.name, toJsonSchema(event)])
      terminal.print(JSON.stringify(Object.fromEntries(schemas), null, 2))
      return 0
    }
    const sources = config.sources.map(withoutSecret)
    if (isSet('json')) {
      const all = sources.map(({ name, text, source }) => [name, { value: text, source }])
      terminal.print(JSON.stringify(Object.fromEntries(all)))
      return 0
    }
    const rows = sources.map(({ name, text, source }) =>
      isSet('sources')
        ? [name, text, source]
        : [name, text, toFlag(name), toVariable(name), SETTINGS[name].about],
    )
    const head = isSet('sources')
      ? ['setting', 'value', 'source']
      : ['setting', 'value', 'flag', 'variable', 'what it is']
    for (const line of toTable(head, rows)) terminal.print(line)
    return 0
  },
}

/** A secret is known to be set, and no more. */
function withoutSecret(source: LoadedConfig['sources'][number]): LoadedConfig['sources'][number] {
  const isShown = SETTINGS[source.name].isSecret !== true || source.text === ''
  return isShown ? source : { ...source, text: '(set)' }
}
