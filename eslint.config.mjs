import tseslint from 'typescript-eslint'

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '**/coverage/**', 'docs/.vitepress/**'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    languageOptions: {
      parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false }],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', caughtErrors: 'none' }],
      // Declaration merging (`interface App` beside `class App`) is how Koa's users extend types.
      '@typescript-eslint/no-unsafe-declaration-merging': 'off',
      // `{}` is the identity of `&` where types accumulate (state, params).
      '@typescript-eslint/no-empty-object-type': 'off',
    },
  },
  { files: ['packages/core/src/**'], rules: { '@typescript-eslint/no-require-imports': 'off' } }, // `lazy` takes a require
)
