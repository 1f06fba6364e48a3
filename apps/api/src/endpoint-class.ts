import { applyDecorators } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiExtension } from '@nestjs/swagger';
import type { FastifyRequest, RouteOptions } from 'fastify';
import type { EndpointClass } from '#lib/tenancy';
import { refusal } from './contract.js';

type Config = { endpointClass?: EndpointClass };

const header = (description: string): { description: string; schema: { type: 'string' } } => ({
  description,
  schema: { type: 'string' },
});

/** What requests of a route are limited by. Every route below /v1/ names it: the API does not start with one that does not. */
export const LimitedAs = (endpointClass: EndpointClass): MethodDecorator =>
  applyDecorators(
    RouteConfig({ endpointClass } satisfies Config),
    ApiExtension('x-endpoint-class', endpointClass),
    refusal(429, {
      'Retry-After': header('Seconds after which the same request may be sent again.'),
      RateLimit: header('What is left and for how many seconds: `"read";r=0;t=1`. Every answer to a key has it.'),
      'RateLimit-Policy': header('The limits: `"read";q=1000;w=1`. Every answer to a key has it.'),
    }),
  );

/** @throws Error for a route that nothing would limit. */
export function mustBeLimited({ url, method, config }: RouteOptions): void {
  if (url.startsWith('/v1/') && (config as Config | undefined)?.endpointClass === undefined)
    throw new Error(`${String(method)} ${url} names no class of endpoints`);
}

/** The class of a request below /v1/; undefined elsewhere. A path that leads nowhere there is a look like any other. */
export function endpointClassOf(request: FastifyRequest): EndpointClass | undefined {
  const { endpointClass } = request.routeOptions.config as Config;
  return endpointClass ?? (request.url.startsWith('/v1/') ? 'read' : undefined);
}
