/** What the build gives that the compiler does not know. */
declare module "*.css";
