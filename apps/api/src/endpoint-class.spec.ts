import { describe, expect, it } from '@jest/globals';
import type { RouteOptions } from 'fastify';
import { mustBeLimited } from './endpoint-class.js';

const route = (url: string, config?: object): RouteOptions =>
  ({ url, method: 'GET', ...(config ? { config } : {}) }) as unknown as RouteOptions;

describe('a route below /v1/', () => {
  it('that names no class of endpoints keeps the API from starting', () => {
    for (const unlimited of [route('/v1/x'), route('/v1/x', {}), route('/v1/x', { endpointClass: undefined })])
      expect(() => mustBeLimited(unlimited)).toThrow('GET /v1/x names no class of endpoints');
    expect(() => mustBeLimited(route('/v1/x', { endpointClass: 'read' }))).not.toThrow();
    expect(() => mustBeLimited(route('/health/live'))).not.toThrow();
  });
});
