"""Averaged networks get batch statistics of their own."""

import torch
from torch import nn

from s2pzoo.train.calibrate import recalibrate


def test_statistics_become_the_mean_over_the_batches() -> None:
    layer = nn.BatchNorm1d(2).eval()
    nn.init.constant_(layer.get_buffer("running_mean"), 100.0)
    batches = [torch.tensor([[0.0, 1.0], [2.0, 3.0]]), torch.tensor([[4.0, 5.0], [10.0, 7.0]])]
    recalibrate([layer], lambda: [layer(batch) for batch in batches])
    torch.testing.assert_close(layer.running_mean, torch.tensor([4.0, 4.0]))  # means of the batches: 1, 7 and 2, 6
    torch.testing.assert_close(layer.running_var, torch.tensor([10.0, 2.0]))  # unbiased variances: 2, 18 and 2, 2


def test_modes_momentum_and_weights_are_left_as_they_were() -> None:
    network = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3, momentum=0.3), nn.Dropout(0.5)).eval()
    before = {name: value.clone() for name, value in network.named_parameters()}
    recalibrate([network], lambda: network(torch.randn(8, 3)))
    assert not any(module.training for module in network.modules())
    assert network[1].momentum == 0.3
    assert all(torch.equal(before[name], value) for name, value in network.named_parameters())


def test_a_network_that_is_in_wrong_statistics_makes_sense_again() -> None:
    network = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8)).eval()
    nn.init.constant_(network[1].get_buffer("running_var"), 1e6)
    data = torch.randn(256, 4)
    assert network(data).std() < 0.01
    recalibrate([network], lambda: network(data))
    assert 0.9 < network(data).std() < 1.1
