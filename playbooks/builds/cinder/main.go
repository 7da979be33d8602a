// What stands between the kubelet and a CSI driver on one machine: tells the kubelet where the driver's socket is, and
// answers /healthz with what the driver says about itself.
//
// Upstream has a program for each of the two; neither can be had as a Go module under its own version.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

const answerLimit = 8 * time.Second

type options struct {
	driver, folder, path, health string
}

func parse() options {
	var o options
	flag.StringVar(&o.driver, "driver", "/csi/csi.sock", "the driver's socket")
	flag.StringVar(&o.folder, "registration", "", "the kubelet's folder of plugins, seen from here; empty: register nothing")
	flag.StringVar(&o.path, "path", "", "the driver's socket, seen from the kubelet")
	flag.StringVar(&o.health, "health", "", "address of /healthz; empty: none")
	flag.Parse()
	return o
}

// driver asks the CSI driver behind one socket.
type driver struct{ identity csi.IdentityClient }

func connect(socket string) (driver, error) {
	connection, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return driver{}, err
	}
	return driver{csi.NewIdentityClient(connection)}, nil
}

func (d driver) name(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	answer, err := d.identity.GetPluginInfo(ctx, &csi.GetPluginInfoRequest{}, grpc.WaitForReady(true))
	if err != nil {
		return "", err
	}
	if answer.GetName() == "" {
		return "", errors.New("the driver has no name")
	}
	return answer.GetName(), nil
}

func (d driver) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	ctx, cancel := context.WithTimeout(request.Context(), answerLimit)
	defer cancel()
	answer, err := d.identity.Probe(ctx, &csi.ProbeRequest{})
	if err == nil && answer.GetReady() != nil && !answer.GetReady().GetValue() {
		err = errors.New("the driver is not ready")
	}
	if err != nil {
		http.Error(writer, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(writer, "ok")
}

// registrar is what the kubelet asks through the socket that it finds in its folder of plugins.
type registrar struct {
	registration.UnimplementedRegistrationServer
	name, path string
	failed     chan<- error
}

func (r registrar) GetInfo(context.Context, *registration.InfoRequest) (*registration.PluginInfo, error) {
	return &registration.PluginInfo{
		Type: registration.CSIPlugin, Name: r.name, Endpoint: r.path, SupportedVersions: []string{"1.0.0"}}, nil
}

func (r registrar) NotifyRegistrationStatus(_ context.Context, status *registration.RegistrationStatus) (*registration.RegistrationStatusResponse, error) {
	if status.GetPluginRegistered() {
		log.Printf("the kubelet knows %s", r.name)
	} else {
		// Only a socket that is made anew makes the kubelet try again.
		r.failed <- fmt.Errorf("the kubelet did not take %s: %s", r.name, status.GetError())
	}
	return &registration.RegistrationStatusResponse{}, nil
}

func listen(socket string) (net.Listener, error) {
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	// What a killed container left is gone; nobody but root may speak for the driver.
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	return net.Listen("unix", socket)
}

func run(ctx context.Context, o options) error {
	there, err := connect(o.driver)
	if err != nil {
		return err
	}
	failed := make(chan error, 4)
	if o.health != "" {
		mux := http.NewServeMux()
		mux.Handle("/healthz", there)
		server := &http.Server{Addr: o.health, Handler: mux, ReadHeaderTimeout: answerLimit}
		go func() { failed <- server.ListenAndServe() }()
	}
	if o.folder != "" {
		var name string
		for name == "" {
			if name, err = there.name(ctx); err != nil {
				log.Printf("the driver does not answer yet: %v", err)
			}
			if ctx.Err() != nil {
				return nil
			}
		}
		socket := filepath.Join(o.folder, name+"-reg.sock")
		listener, err := listen(socket)
		if err != nil {
			return err
		}
		server := grpc.NewServer()
		registration.RegisterRegistrationServer(server, registrar{name: name, path: o.path, failed: failed})
		go func() { failed <- server.Serve(listener) }()
		defer os.Remove(socket)
		defer server.Stop()
	}
	select {
	case err = <-failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, parse()); err != nil {
		log.Print(err)
		os.Exit(1)
	}
}
