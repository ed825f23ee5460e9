import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const folder = join(import.meta.dirname, '../../src/broadcast');
const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.ts'));

describe('an application without typeorm', () => {
  it('runs: typeorm is imported for its types only', async () => {
    const importing: string[] = [];
    for (const file of files) {
      const code = ts.transpile(await readFile(join(folder, file), 'utf8'), {
        module: ts.ModuleKind.ESNext,
        target: ts.ScriptTarget.ES2023,
        verbatimModuleSyntax: true,
      });
      if (/from ['"](?:typeorm|@nestjs\/typeorm)/.test(code)) importing.push(file);
    }
    expect(importing).toEqual([]);
  });

  it('compiles: the types of what the main entry exports never lead to typeorm', () => {
    const exported = ['broadcast.decorator.ts', 'broadcast.service.ts', 'broadcast-options.ts'];
    const declarations = new Map<string, string>();
    const program = ts.createProgram(
      exported.map((file) => join(folder, file)),
      {
        module: ts.ModuleKind.NodeNext,
        moduleResolution: ts.ModuleResolutionKind.NodeNext,
        target: ts.ScriptTarget.ES2023,
        strict: true,
        experimentalDecorators: true,
        declaration: true,
        emitDeclarationOnly: true,
        skipLibCheck: true,
      },
    );
    program.emit(undefined, (name, text) => void declarations.set(name, text));
    const reached = new Set<string>();
    const follow = (name: string): void => {
      if (reached.has(name)) return;
      reached.add(name);
      for (const [, specifier = ''] of (declarations.get(name) ?? '').matchAll(
        /(?:from |import\()['"]([^'"]+)['"]/g,
      )) {
        follow(specifier.startsWith('.') ? join(name, '..', specifier.replace(/\.js$/, '.d.ts')) : specifier);
      }
    };
    for (const file of exported) follow(join(folder, file.replace(/\.ts$/, '.d.ts')));
    expect([...reached].filter((name) => name.includes('typeorm'))).toEqual([]);
    expect(reached.size).toBeGreaterThan(exported.length);
  });
});
