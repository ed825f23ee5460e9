import { Body, Controller, Get, Headers, Post, Res, UnauthorizedException } from '@nestjs/common';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { MercureService } from 'nestjs-mercure';
import { randomUUID } from 'node:crypto';

/** What readers of the reports know; in earnest, your own way to tell who is asking. */
export const readersSecret = process.env['READERS_SECRET'] || randomUUID();

/** Reports that no hub on their way can read: only who may have the key. */
@Controller('reports')
export class ReportsController {
  private readonly keys = generateKeyPair('ECDH-ES+A256KW', { extractable: true });
  private readonly kid = randomUUID();

  constructor(private readonly mercure: MercureService) {}

  /** Tells where the hub is and where the key is (discovery). */
  @Get()
  about(@Res({ passthrough: true }) response: object): { topic: string } {
    this.mercure.discover(response, { keySet: '/reports/keys' });
    return { topic: 'reports' };
  }

  @Get('keys')
  async keySet(@Headers('authorization') authorization?: string): Promise<{ keys: JWK[] }> {
    if (authorization !== `Bearer ${readersSecret}`) throw new UnauthorizedException();
    const { privateKey } = await this.keys;
    return { keys: [{ ...(await exportJWK(privateKey)), kid: this.kid }] };
  }

  @Post()
  async publish(@Body() report: object): Promise<{ id: string }> {
    const { publicKey } = await this.keys;
    const key = { ...(await exportJWK(publicKey)), kid: this.kid };
    return { id: await this.mercure.publish({ topic: 'reports', data: report, encrypt: { key } }) };
  }
}
