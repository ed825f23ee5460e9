declare const PACKAGE_VERSION: string;

/** Of the package: the build puts it here, since the program is one file beside nothing. */
export const VERSION = PACKAGE_VERSION;
