export function findSoftHsm(): { readonly module: string; readonly util: string } | undefined
export function tokenObstacle(): string | undefined
