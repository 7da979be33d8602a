// cert-manager's controllers as far as a cluster needs them that gets its certificates by ACME, from an authority of its
// own, or self-signed; and, as `solver`, the page that answers an ACME challenge. Without Vault, Venafi, the Gateway API
// and the admission webhook: what the webhook would refuse, the API server's schemas and the issuers' own conditions tell.
//
// The project's own main programs are modules of their own, which no module proxy has; the packages are the same.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/cert-manager/cert-manager/pkg/controller"
	"github.com/cert-manager/cert-manager/pkg/controller/acmechallenges"
	"github.com/cert-manager/cert-manager/pkg/controller/acmeorders"
	shimingress "github.com/cert-manager/cert-manager/pkg/controller/certificate-shim/ingresses"
	"github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/acme"
	"github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/approver"
	"github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/ca"
	"github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/selfsigned"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/issuing"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/keymanager"
	certificatesmetrics "github.com/cert-manager/cert-manager/pkg/controller/certificates/metrics"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/readiness"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/requestmanager"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/revisionmanager"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/trigger"
	"github.com/cert-manager/cert-manager/pkg/controller/clusterissuers"
	"github.com/cert-manager/cert-manager/pkg/controller/issuers"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/acme"
	"github.com/cert-manager/cert-manager/pkg/issuer/acme/http/solver"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/ca"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/selfsigned"
	logf "github.com/cert-manager/cert-manager/pkg/logs"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

const workers = 5

var wanted = []string{
	acmechallenges.ControllerName, acmeorders.ControllerName, shimingress.ControllerName, clusterissuers.ControllerName,
	issuers.ControllerName, acme.CRControllerName, approver.ControllerName, ca.CRControllerName, selfsigned.CRControllerName,
	issuing.ControllerName, keymanager.ControllerName, certificatesmetrics.ControllerName, readiness.ControllerName,
	requestmanager.ControllerName, revisionmanager.ControllerName, trigger.ControllerName,
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	// Pods that solve a challenge get arguments and no command.
	run := solve
	arguments := os.Args[1:]
	if len(arguments) > 0 && arguments[0] == "controller" {
		run, arguments = control, arguments[1:]
	}
	if err := run(ctx, arguments); err != nil && !errors.Is(err, http.ErrServerClosed) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func solve(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("solver", flag.ExitOnError)
	port := flags.Int("listen-port", 8089, "port of the page")
	domain := flags.String("domain", "", "name that the challenge is about")
	token := flags.String("token", "", "last part of the page's path")
	key := flags.String("key", "", "what the page says")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	page := &solver.HTTP01Solver{ListenPort: *port, Domain: *domain, Token: *token, Key: *key}
	go func() {
		<-ctx.Done()
		_ = page.Shutdown(context.Background())
	}()
	return page.Listen(logf.FromContext(ctx))
}

func control(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("controller", flag.ExitOnError)
	namespace := flags.String("namespace", "cert-manager", "where ClusterIssuers keep their accounts, and the lease")
	image := flags.String("solver-image", "", "image of the pods that solve challenges")
	nameServers := flags.String("name-servers", "", "HOST:PORT,… asked whether a name leads here; else the cluster's")
	metricsAddress := flags.String("metrics-address", ":9402", "where metrics are read and health is asked")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	factory, err := controller.NewContextFactory(ctx, controller.ContextOptions{
		KubernetesAPIQPS:   20,
		KubernetesAPIBurst: 50,
		IssuerOptions:      controller.IssuerOptions{ClusterResourceNamespace: *namespace},
		ACMEOptions: controller.ACMEOptions{
			HTTP01SolverImage:                 *image,
			HTTP01SolverNameservers:           strings.FieldsFunc(*nameServers, func(r rune) bool { return r == ',' }),
			HTTP01SolverResourceRequestCPU:    resource.MustParse("10m"),
			HTTP01SolverResourceRequestMemory: resource.MustParse("32Mi"),
			HTTP01SolverResourceLimitsCPU:     resource.MustParse("100m"),
			HTTP01SolverResourceLimitsMemory:  resource.MustParse("64Mi"),
			ACMEHTTP01SolverRunAsNonRoot:      true,
			DNS01CheckAuthoritative:           true,
			DNS01CheckRetryPeriod:             10 * time.Second,
		},
		IngressShimOptions: controller.IngressShimOptions{
			DefaultIssuerName:                 "acme",
			DefaultIssuerKind:                 "ClusterIssuer",
			DefaultIssuerGroup:                "cert-manager.io",
			DefaultAutoCertificateAnnotations: []string{"kubernetes.io/tls-acme"},
		},
		CertificateOptions: controller.CertificateOptions{
			CopiedAnnotationPrefixes:                 []string{"*", "-kubectl.kubernetes.io/", "-fluxcd.io/", "-argocd.argoproj.io/"},
			CertificateRequestMinimumBackoffDuration: time.Hour,
			CertificateRequestMaximumBackoffDuration: 32 * time.Hour,
		},
		SchedulerOptions: controller.SchedulerOptions{MaxConcurrentChallenges: 60},
	})
	if err != nil {
		return err
	}
	shared, err := factory.Build()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *metricsAddress)
	if err != nil {
		return err
	}
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	lease := &resourcelock.LeaseLock{
		LeaseMeta:  metav1.ObjectMeta{Namespace: *namespace, Name: "cert-manager-controller"},
		Client:     shared.Client.CoordinationV1(),
		LockConfig: resourcelock.ResourceLockConfig{Identity: name, EventRecorder: shared.Recorder},
	}
	failed := make(chan error, len(wanted)+1)
	leading := func(ctx context.Context) {
		for _, each := range wanted {
			construct, known := controller.Known()[each]
			if !known {
				failed <- fmt.Errorf("no controller is called %s", each)
				return
			}
			made, err := construct(factory)
			if err != nil {
				failed <- fmt.Errorf("%s: %w", each, err)
				return
			}
			go func() {
				if err := made.Run(workers, ctx); err != nil {
					failed <- fmt.Errorf("%s: %w", each, err)
				}
			}()
		}
		// The collectors of what the controllers have seen are there only now.
		go func() { failed <- shared.Metrics.NewServer(listener).Serve(listener) }()
		shared.SharedInformerFactory.Start(ctx.Done())
		shared.KubeSharedInformerFactory.Start(ctx.Done())
		shared.HTTP01ResourceMetadataInformersFactory.Start(ctx.Done())
	}
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock:            lease,
		ReleaseOnCancel: true,
		LeaseDuration:   60 * time.Second,
		RenewDeadline:   40 * time.Second,
		RetryPeriod:     5 * time.Second,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: leading,
			OnStoppedLeading: func() { failed <- errors.New("the lease is another's, or it ended") },
		},
	})
	if err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		elector.Run(ctx)
		close(ended)
	}()
	select {
	case err := <-failed:
		if ctx.Err() == nil {
			return err
		}
	case <-ctx.Done():
	}
	<-ended
	return nil
}
