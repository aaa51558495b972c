/** The Lease that the controller's leader holds, in its own namespace. */
export const leaderLeaseName = 'credentials-updater-controller';
