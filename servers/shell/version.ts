/** The version of this program. It must be that of package.json (tested). */
export const VERSION = '0.1.0';
