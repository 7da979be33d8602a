// network-policy enforces NetworkPolicies on one node with kube-router's policy controller: iptables chains and IP sets
// for the pods of this node, kept in step with policies, pods and namespaces. Nothing else of kube-router is linked: no
// routing, no service proxy.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cloudnativelabs/kube-router/v2/pkg/controllers/netpol"
	"github.com/cloudnativelabs/kube-router/v2/pkg/healthcheck"
	"github.com/cloudnativelabs/kube-router/v2/pkg/options"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// A sync is asked for at least this often; three missed in a row are a fault.
const syncPeriod = time.Minute

func main() {
	node := flag.String("node", os.Getenv("NODE_NAME"), "name of this node")
	services := flag.String("services", "", "network of the cluster's services")
	listen := flag.String("listen", "127.0.0.1:20244", "address of /healthz and /readyz")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := run(ctx, *node, *services, *listen); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, node, services, listen string) error {
	access, err := rest.InClusterConfig()
	if err != nil {
		return err
	}
	access.ContentType = "application/vnd.kubernetes.protobuf"
	client, err := kubernetes.NewForConfig(access)
	if err != nil {
		return err
	}
	settings := options.NewKubeRouterConfig()
	settings.HostnameOverride = node
	settings.ClusterIPCIDRs = []string{services}
	settings.EnableIPv4 = true
	settings.EnableIPv6 = false
	settings.RunFirewall = true
	settings.IPTablesSyncPeriod = syncPeriod

	factory := informers.NewSharedInformerFactory(client, 0)
	pods := factory.Core().V1().Pods().Informer()
	namespaces := factory.Core().V1().Namespaces().Informer()
	policies := factory.Networking().V1().NetworkPolicies().Informer()
	factory.Start(ctx.Done())
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("no list of %v", kind)
		}
	}
	tables, sets, err := netpol.NewIPTablesHandlers(settings)
	if err != nil {
		return err
	}
	var setMutex sync.Mutex
	controller, err := netpol.NewNetworkPolicyController(
		client, settings, pods, policies, namespaces, &setMutex, tables, sets)
	if err != nil {
		return err
	}
	if _, err := pods.AddEventHandler(controller.PodEventHandler); err != nil {
		return err
	}
	if _, err := namespaces.AddEventHandler(controller.NamespaceEventHandler); err != nil {
		return err
	}
	if _, err := policies.AddEventHandler(controller.NetworkPolicyEventHandler); err != nil {
		return err
	}

	beats := make(chan *healthcheck.ControllerHeartbeat, 10)
	var last atomic.Int64
	go func() {
		for range beats {
			last.Store(time.Now().Unix())
		}
	}()
	healthy := func(answer http.ResponseWriter, _ *http.Request) {
		if age := time.Since(time.Unix(last.Load(), 0)); age > 3*syncPeriod {
			http.Error(answer, fmt.Sprintf("no sync for %v", age), http.StatusServiceUnavailable)
		}
	}
	http.HandleFunc("/healthz", healthy)
	http.HandleFunc("/readyz", healthy)
	failed := make(chan error, 1)
	go func() { failed <- http.ListenAndServe(listen, nil) }()

	var done sync.WaitGroup
	done.Add(1)
	go controller.Run(beats, ctx.Done(), &done)
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		// The rules stay: policies hold while the next version starts.
		return nil
	}
}
