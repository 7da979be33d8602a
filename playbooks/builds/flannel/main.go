// Slipway's flanneld: the pod network daemon, built from flannel's own packages.
//
// Upstream's main program links every backend, among them two that need a cloud
// vendor's SDK or a C compiler. This one links the three that a cluster of plain
// hosts uses (host-gw, vxlan, wireguard), is static, and also writes the CNI
// configuration itself once the node's subnet is known, so no second CNI plugin,
// init container or script is needed. Flags keep upstream's names.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/flannel-io/flannel/pkg/backend"
	_ "github.com/flannel-io/flannel/pkg/backend/hostgw"
	_ "github.com/flannel-io/flannel/pkg/backend/vxlan"
	_ "github.com/flannel-io/flannel/pkg/backend/wireguard"
	"github.com/flannel-io/flannel/pkg/ip"
	"github.com/flannel-io/flannel/pkg/ipmatch"
	"github.com/flannel-io/flannel/pkg/subnet/kube"
	"github.com/flannel-io/flannel/pkg/trafficmngr"
	"github.com/flannel-io/flannel/pkg/trafficmngr/iptables"
	"github.com/flannel-io/flannel/pkg/trafficmngr/nftables"
	"github.com/flannel-io/flannel/pkg/version"
	"k8s.io/klog/v2"
)

const rulesResyncSeconds = 5

type options struct {
	netConf, subnetFile, cniConf, kubeconfig, health string
	iface, ifaceCanReach, publicIP                   string
	masquerade, version                              bool
}

func parse() options {
	var o options
	flag.StringVar(&o.netConf, "net-config-path", "/etc/kube-flannel/net-conf.json", "network and backend, as flannel's net-conf.json")
	flag.StringVar(&o.subnetFile, "subnet-file", "/run/flannel/subnet.env", "where to write the node's subnet and MTU")
	flag.StringVar(&o.cniConf, "cni-conf-file", "", "where to write the CNI configuration; empty: do not")
	flag.StringVar(&o.kubeconfig, "kubeconfig-file", "", "kubeconfig; empty: the pod's service account")
	flag.StringVar(&o.health, "healthz", ":8081", "address of /healthz and /readyz; empty: none")
	flag.StringVar(&o.iface, "iface", "", "interface name or address between the hosts")
	flag.StringVar(&o.ifaceCanReach, "iface-can-reach", "", "choose the interface that has the route to this address")
	flag.StringVar(&o.publicIP, "public-ip", "", "the node's address as other nodes see it")
	flag.BoolVar(&o.masquerade, "ip-masq", true, "masquerade traffic that leaves the pod network")
	flag.BoolVar(&o.version, "version", false, "print the version and leave")
	klog.InitFlags(nil)
	flag.Parse()
	return o
}

// writeFile puts data under path in one step: a reader sees the old file or the new one.
func writeFile(path string, data []byte) error {
	tmp := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".tmp")
	if err := os.WriteFile(tmp, data, 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// cniConfig is a bridge with addresses from the node's subnet, and host ports.
// Addresses in use are kept under /run: no pod outlives a boot, so neither does its address.
func cniConfig(sn ip.IP4Net, mtu int) ([]byte, error) {
	type m map[string]any
	return json.MarshalIndent(m{
		"name": "pods", "cniVersion": "1.0.0",
		"plugins": []any{
			m{"type": "bridge", "bridge": "cni0", "mtu": mtu, "isDefaultGateway": true, "hairpinMode": true, "ipMasq": false,
				"ipam": m{"type": "host-local", "dataDir": "/run/cni-ipam", "ranges": []any{[]any{m{"subnet": sn.String()}}}}},
			m{"type": "portmap", "capabilities": m{"portMappings": true}},
		},
	}, "", "  ")
}

func manager(nft bool) trafficmngr.TrafficManager {
	if nft {
		return &nftables.NFTablesManager{}
	}
	return &iptables.IPTablesManager{}
}

func serveHealth(addr string, ready *atomic.Bool) {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !ready.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		fmt.Fprintln(w, ready.Load())
	})
	srv := &http.Server{Addr: addr, Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	if err := srv.ListenAndServe(); err != nil {
		klog.Exitf("health address %s: %v", addr, err)
	}
}

func run(ctx context.Context, o options, wg *sync.WaitGroup, ready *atomic.Bool) error {
	sm, err := kube.NewSubnetManager(ctx, "", o.kubeconfig, "flannel.alpha.coreos.com", o.netConf, true)
	if err != nil {
		return fmt.Errorf("cluster API: %w", err)
	}
	conf, err := sm.GetNetworkConfig(ctx)
	if err != nil {
		return fmt.Errorf("network configuration: %w", err)
	}
	if !conf.EnableIPv4 || conf.EnableIPv6 {
		return errors.New("this build serves IPv4 networks only")
	}
	stack, err := ipmatch.GetIPFamily(true, false)
	if err != nil {
		return err
	}
	public := o.publicIP
	if stored, _ := sm.GetStoredPublicIP(ctx); stored != "" {
		public = stored
	}
	match := o.iface
	if match == "" && o.ifaceCanReach == "" {
		match = public
	}
	ext, err := ipmatch.LookupExtIface(match, "", o.ifaceCanReach, stack, ipmatch.PublicIPOpts{PublicIP: public})
	if err != nil {
		return fmt.Errorf("interface between the hosts: %w", err)
	}
	be, err := backend.NewManager(ctx, sm, ext).GetBackend(conf.BackendType)
	if err != nil {
		return fmt.Errorf("backend %s: %w", conf.BackendType, err)
	}
	network, err := be.RegisterNetwork(ctx, wg, conf)
	if err != nil {
		return fmt.Errorf("register the node's subnet: %w", err)
	}
	lease := network.Lease()

	// Rules of the other kind go, should the choice have changed since the last start.
	if err := manager(!conf.EnableNFTables).CleanUp(ctx); err != nil {
		return fmt.Errorf("remove old rules: %w", err)
	}
	rules := manager(conf.EnableNFTables)
	if err := rules.Init(ctx); err != nil {
		return fmt.Errorf("packet filter: %w", err)
	}
	if o.masquerade {
		old, oldNet := previous(o.subnetFile)
		if err := rules.SetupAndEnsureMasqRules(ctx, conf.Network, old, oldNet, conf.IPv6Network, ip.IP6Net{}, ip.IP6Net{}, lease, rulesResyncSeconds, false); err != nil {
			return fmt.Errorf("masquerading rules: %w", err)
		}
	}
	rules.SetupAndEnsureForwardRules(ctx, conf.Network, conf.IPv6Network, rulesResyncSeconds)

	if err := sm.HandleSubnetFile(o.subnetFile, conf, o.masquerade, lease.Subnet, lease.IPv6Subnet, network.MTU()); err != nil {
		return fmt.Errorf("%s: %w", o.subnetFile, err)
	}
	if o.cniConf != "" {
		data, err := cniConfig(lease.Subnet, network.MTU())
		if err == nil {
			err = writeFile(o.cniConf, append(data, '\n'))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", o.cniConf, err)
		}
	}
	ready.Store(true)
	klog.Infof("ready: subnet %s, mtu %d, backend %s, interface %s", lease.Subnet, network.MTU(), conf.BackendType, ext.Iface.Name)
	wg.Add(1)
	go func() { defer wg.Done(); network.Run(ctx) }()
	return sm.CompleteLease(ctx, lease, wg)
}

// previous reads subnet and network of the last start, so that rules made for them can be replaced.
func previous(path string) (sn, network ip.IP4Net) {
	data, err := os.ReadFile(path)
	if err != nil {
		return
	}
	for line := range strings.Lines(string(data)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if _, n, err := net.ParseCIDR(value); err == nil {
			switch key {
			case "FLANNEL_SUBNET":
				sn = ip.FromIPNet(n)
			case "FLANNEL_NETWORK":
				network = ip.FromIPNet(n)
			}
		}
	}
	return
}

func main() {
	o := parse()
	if o.version {
		fmt.Println(version.Version)
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	var ready atomic.Bool
	if o.health != "" {
		go serveHealth(o.health, &ready)
	}
	var wg sync.WaitGroup
	if err := run(ctx, o, &wg, &ready); err != nil && ctx.Err() == nil {
		klog.Exitf("%v", err)
	}
	<-ctx.Done()
	wg.Wait()
}
