import tseslint from "typescript-eslint";

// The house's bars: strict types, short and simple functions, files that fit on some screens.
export default tseslint.config(
  { ignores: ["build/**", "dist/**", "node_modules/**"] },
  {
    files: ["**/*.ts"],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      complexity: ["error", 10],
      "max-lines": ["error", 400],
      "max-params": ["error", 6],
      "max-statements": ["error", 40],
      eqeqeq: "error",
      "no-console": "error",
      // noUncheckedIndexedAccess makes every look into an array doubtful; where a loop's bounds answer
      // the doubt, "!" says so.
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/prefer-nullish-coalescing": "error",
    },
  },
);
