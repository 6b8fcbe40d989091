import type { CardProfile } from '@kart/layout/profile'
import type { Evidence } from '@kart/verification'
import { type ApplicationNode, buildFileTree, type FileState } from './file-tree.ts'

/** The profile's file tree with what a reading found of each file. */
export function buildEvidenceTree(profile: CardProfile, evidence: Evidence): ApplicationNode[] {
  return buildFileTree(profile, (application, name): FileState | undefined => {
    const file = evidence.files.find((candidate) => candidate.application === application && candidate.name === name)
    if (file === undefined) return undefined
    switch (file.outcome) {
      case 'read':
        return { kind: 'present', bytes: file.bytes?.length ?? 0 }
      case 'missing':
        return { kind: 'absent' }
      case 'unlisted':
        return { kind: 'unlisted' }
      default:
        return { kind: file.outcome, sw: file.sw }
    }
  })
}
