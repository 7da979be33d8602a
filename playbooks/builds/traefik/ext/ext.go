// Package ext stands in for a module that Traefik keeps in its own repository and does not publish: the place where
// editions of it add fields to its configuration. Ours adds none.
package ext

// HTTP is embedded in the configuration of HTTP.
type HTTP struct{}

// Router is embedded in the configuration of one router.
type Router struct{}
