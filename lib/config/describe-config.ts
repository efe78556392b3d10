import type { Source } from "./layers.ts";
import type { LoadedConfig } from "./load-config.ts";
import { flagOf, SETTING_NAMES, SETTINGS, type SettingName, variableOf } from "./settings.ts";

export const REDACTED = "[redacted]";

export interface DescribedSetting {
  readonly name: SettingName;
  /** The effective value, or a placeholder for a secret; undefined when not set. */
  readonly value: unknown;
  readonly source: Source;
  readonly about: string;
  readonly flag: string;
  readonly variable: string;
}

/** Every setting with its effective value and where that comes from, fit to be printed: secrets are not in it. */
export function describeConfig(loaded: LoadedConfig): readonly DescribedSetting[] {
  return SETTING_NAMES.map((name) => {
    const value = loaded.config[name];
    const isSecret = SETTINGS[name].secret === true && value !== undefined;
    return {
      name,
      value: isSecret ? REDACTED : value,
      source: loaded.sources[name],
      about: SETTINGS[name].about,
      flag: flagOf(name),
      variable: variableOf(name),
    };
  });
}
