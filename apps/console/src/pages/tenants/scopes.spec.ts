import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { isTextKey } from '../../texts';
import { SCOPE_WORDS, SCOPES } from './scopes';

describe('the scopes of an API key', () => {
  it('are those that the server knows, each with a name and a line of explanation', () => {
    const { components } = JSON.parse(readFileSync('docs/openapi/admin.json', 'utf8')) as {
      components: { schemas: { NewApiKey: { properties: { scopes: { items: { enum: string[] } } } } } };
    };
    expect([...SCOPES].sort()).toEqual([...components.schemas.NewApiKey.properties.scopes.items.enum].sort());
    const keys = Object.values(SCOPE_WORDS).flatMap((word) => [`scopes.name_${word}`, `scopes.hint_${word}`]);
    expect(keys.filter((key) => !isTextKey(key))).toEqual([]);
  });
});
