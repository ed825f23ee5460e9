import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';
import { ROOT } from './markdown.js';

/** TypeScript snippets as files, which import the package's sources where they name the package. */
export class SnippetFiles {
  private constructor(
    readonly folder: string,
    private readonly paths: readonly string[],
  ) {}

  static async write(snippets: readonly string[]): Promise<SnippetFiles> {
    // Below the project, so that packages are found, in a folder that git does not see.
    await mkdir(join(ROOT, 'coverage'), { recursive: true });
    const folder = await mkdtemp(join(ROOT, 'coverage/readme-'));
    // The settings of decorators are read from the configuration that includes a file.
    const settings = { extends: '../../tsconfig.json', include: ['*.ts'] };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(settings));
    const paths = snippets.map((_, index) => join(folder, `snippet-${index}.ts`));
    for (const [index, code] of snippets.entries()) {
      const databases = code.replaceAll("'books.db'", JSON.stringify(join(folder, 'books.db')));
      const sources = databases
        .replaceAll("'nestjs-mercure'", "'../../src/index.js'")
        .replaceAll(/'nestjs-mercure\/(\w+)'/g, "'../../src/$1.js'");
      await writeFile(paths[index]!, sources);
    }
    return new SnippetFiles(folder, paths);
  }

  /** What the compiler has to say of them under the project's own settings. */
  complaints(): string[] {
    const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
      config: { compilerOptions: object };
    };
    const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT);
    const program = ts.createProgram(this.paths, options);
    return this.paths
      .flatMap((path) => {
        const file = program.getSourceFile(path);
        return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
      })
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  }

  /** Imports the nth snippet. */
  async module<T>(index: number): Promise<T> {
    return (await import(this.paths[index]!)) as T;
  }

  /** Imports the snippet that exports a name, and gives what it exports under it. */
  async exported<T>(name: string): Promise<T> {
    for (const path of this.paths) {
      const module = (await import(path)) as Record<string, T>;
      if (name in module) return module[name]!;
    }
    throw new Error(`No snippet exports ${name}`);
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}
