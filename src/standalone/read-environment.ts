import { readDirectives } from './directives.js';
import { unknownNames } from './known-names.js';
import type { Settings, Sources } from './settings.js';
import { VARIABLES } from './variables.js';

export interface EnvironmentSettings {
  readonly settings: Settings;
  readonly sources: Sources;
  readonly warnings: readonly string[];
}

/**
 * Reads the environment. A variable that is empty is not set: that is what compose files and shells make of one that
 * has no value.
 *
 * @throws MercureError OPTIONS_INVALID naming the variable, where it is not what it must be
 */
export function readEnvironment(environment: NodeJS.ProcessEnv): EnvironmentSettings {
  const warnings = unknownNames(environment);
  const sources = new Map<keyof Settings, string>();
  let settings: Settings = {};
  for (const variable of VARIABLES) {
    const name = [variable.name, ...variable.aliases].find((each) => environment[each]?.trim());
    if (name === undefined) continue;
    settings = { ...settings, ...variable.read(environment[name]!, name) };
    sources.set(variable.setting, name);
  }
  if (settings.directives === undefined) return { settings, sources, warnings };
  const name = sources.get('directives')!;
  const directives = readDirectives(settings.directives, name);
  for (const setting of Object.keys(directives.settings)) sources.set(setting as keyof Settings, name);
  return {
    settings: { ...settings, ...directives.settings },
    sources,
    warnings: [...warnings, ...directives.warnings],
  };
}
