import type { Settings, Sources } from './settings.js';

/**
 * Says a message of the hub in the words of its operator: options are what code sets, variables what the environment
 * does.
 */
export function inVariables(message: string, sources: Sources): string {
  return message.replaceAll(
    /(?:option )?"(\w+)"/g,
    (quoted, option: string) => variableOf(option, sources) ?? quoted,
  );
}

function variableOf(option: string, sources: Sources): string | undefined {
  const source = (setting: keyof Settings): string | undefined => sources.get(setting);
  switch (option) {
    case 'publisher':
      return source('publisherKey') ?? source('publisherJwksUrl');
    case 'subscriber':
      return source('subscriberKey') ?? source('subscriberJwksUrl');
    case 'algorithms':
      return 'its …_JWT_ALG';
    case 'issuers':
      return 'an issuer directive';
    default:
      return source(option as keyof Settings);
  }
}
