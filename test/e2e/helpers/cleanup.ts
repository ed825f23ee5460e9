import { afterEach } from 'vitest';
import { createHubApp, type HubApp, type HubAppSettings } from '../../support/hub-app.js';
import { Page, type PageSettings } from './browser.js';

/** Opens applications and pages that are closed after the test, whatever became of it: pages first. */
export function closedAfterEach(): {
  start: (settings?: HubAppSettings) => Promise<HubApp>;
  visit: (url: string, settings?: PageSettings) => Promise<Page>;
} {
  const apps: HubApp[] = [];
  const pages: Page[] = [];
  afterEach(async () => {
    await Promise.all(pages.splice(0).map((page) => page.close()));
    await Promise.all(apps.splice(0).map((app) => app.close()));
  });
  return {
    async start(settings) {
      const app = await createHubApp(settings);
      apps.push(app);
      return app;
    },
    async visit(url, settings) {
      const page = await Page.open(url, settings);
      pages.push(page);
      return page;
    },
  };
}
