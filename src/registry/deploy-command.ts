/** What brings the members' namespace and the Roles back, for hints. The base alone lacks the settings of production. */
export const deployCommand = '`kubectl apply -k deploy/overlays/production`';
